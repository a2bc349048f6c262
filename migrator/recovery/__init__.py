"""Recovery: reconcile unresolved writes, resume a run, roll a run back."""
