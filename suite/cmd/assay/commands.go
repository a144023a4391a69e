package main

import (
	"crypto/rand"
	"fmt"
	"io"
)

// stopCommands makes GitHub Actions take what follows for text until the function
// that it returns is called. A target could otherwise write a line that sets a
// variable of the job, or hides its output. The target cannot know the word that
// ends this.
func stopCommands(w io.Writer) (resume func()) {
	word := rand.Text()
	fmt.Fprintf(w, "::stop-commands::%s\n", word)
	return func() { fmt.Fprintf(w, "\n::%s::\n", word) }
}
