"""The probes: each looks at one property of a collection and says what it saw, what it expected, what that means and what mends it."""
