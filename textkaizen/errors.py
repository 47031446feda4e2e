"""Every error that textkaizen raises on purpose.

    TextkaizenError                 catch this one to catch them all
    ├── CorpusError                 the labelled texts are not as they must be
    ├── RecipeError                 a recipe asks for something that does not exist or cannot be
    ├── ModelError                  a folder is not a model, or is damaged
    ├── WordVectorsError            a file of word vectors is not one, or is damaged
    ├── UsageError                  the command line or a call contradicts itself
    └── MissingExtraError           a part that was not installed is needed

A message says what must hold, what was found, where, and what to do now. The command line prints
it on one line and ends with exit status 2. Built-in exceptions are left for mistakes of our own.
"""


class TextkaizenError(Exception):
    """Something the user can mend: the message says what and how."""


class CorpusError(TextkaizenError):
    """The labelled texts are not as they must be."""


class RecipeError(TextkaizenError):
    """A recipe asks for something that does not exist or cannot be."""


class ModelError(TextkaizenError):
    """A folder is not a model, or is damaged."""


class WordVectorsError(TextkaizenError):
    """A file of word vectors is not one, or is damaged."""


class UsageError(TextkaizenError):
    """The command line or a call contradicts itself."""


class MissingExtraError(TextkaizenError):
    """A part that was not installed is needed."""


def listed(names, most: int = 5) -> str:
    """Join names for a message: the first `most`, then a count of the rest.

    Example:
        >>> listed(["a", "b", "c"], most=2)
        'a, b and 1 more'
    """
    names = [str(name) for name in names]
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"
