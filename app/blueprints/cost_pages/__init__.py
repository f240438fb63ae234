"""What the pages of costs and calls share: the period and filters of a URL, names for ids, words, and files for spreadsheets."""
