"""Trying agents out: drafts in the playground, saved questions, versions compared on them."""
