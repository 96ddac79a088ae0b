"""One function per job of the Integration Server. `dispatch` selects it by the two types in the job."""
