"""Where captures come from: archives, dumps and folders of pages, whoever made them, told apart by their content."""
