"""The nouns of sting: values that need nothing from the outside."""
