package secret

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"strings"
)

// shortestLine is the length of a line of PEM below which the line may stand
// elsewhere by chance.
const shortestLine = 16

// Written returns the private keys of a PEM file as they are written down whole:
// in base64, in base64 for URLs, in hexadecimal, and line by line. These texts hold
// public parts too. They are for redaction, which must leave no part of a secret:
// [Forms] holds the secret numbers alone, whose ends share base64 digits with what
// stands beside them.
func Written(content []byte) (texts []string) {
	for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
		if !strings.Contains(block.Type, "PRIVATE KEY") {
			continue
		}
		texts = append(texts,
			base64.StdEncoding.EncodeToString(block.Bytes),
			base64.RawURLEncoding.EncodeToString(block.Bytes),
			hex.EncodeToString(block.Bytes))
		for line := range bytes.Lines(pem.EncodeToMemory(block)) {
			line = bytes.TrimSpace(line)
			if len(line) >= shortestLine && !bytes.HasPrefix(line, []byte("-----")) {
				texts = append(texts, string(line))
			}
		}
	}
	return texts
}
