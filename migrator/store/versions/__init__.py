"""The schema versions of the state, each as a revision of Alembic: what is done to the tables of the version before.

A revision's id is its number. One that was released is never edited; a change of `tables` is a new one.
"""
