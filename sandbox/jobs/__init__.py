"""One function per job of the Integration Server. `dispatch` finds it by the two types that a job names."""
