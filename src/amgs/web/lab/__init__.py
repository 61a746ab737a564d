"""The owner's pages: who has scored how many, how well raters agree, unblinding."""
