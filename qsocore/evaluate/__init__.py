"""How well a run does, as pure functions of arrays: what was predicted beside what is true, one idea a file.

Every measure keeps the raw counts it was made from, so that its shares can be checked and two of them added.
"""
