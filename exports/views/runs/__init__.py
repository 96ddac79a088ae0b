"""The list of runs, the page of one run, and the positions of runs in the queue."""
