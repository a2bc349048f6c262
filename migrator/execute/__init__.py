"""Execute: carry out a plan with a write-ahead journal, and read every write back."""
