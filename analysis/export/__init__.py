"""A model, brought out of an experiment: scored, written, converted, proven, described.

`model.export` does all of it; `bundle.load_bundle` opens what came of it, without the experiment.
"""
