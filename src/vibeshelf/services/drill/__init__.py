"""The drill: what happens when queries meet vectors of another model, shown on a copy, and what the guard says to it."""
