"""Models, collections, results and judgments, carried from machine to machine and proven on arrival."""
