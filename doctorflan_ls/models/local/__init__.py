"""What models on this machine share: a conversation to tokens, the next token, tokens to text."""
