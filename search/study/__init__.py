"""A study: its preparation, the search loop, its budget, and how it resumes."""
