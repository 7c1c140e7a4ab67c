"""An experiment as pandas frames, and what is worked out from them. `analysis` shows the way in."""
