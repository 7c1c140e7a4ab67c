"""What may vary? One file a space, named as `--space` names it. Owns Optuna's distributions.

Deliberately empty: `run_search.py --list` reads file names only.
"""
