"""How is one configuration trained? Tasks, the Trainer, data. Owns torch; knows nothing of Ray.

Deliberately empty: importing the package must stay cheap (`run_search.py --list` does it).
"""
