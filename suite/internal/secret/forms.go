package secret

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"
)

// Forms returns the forms in which the private keys of a file may be written down
// elsewhere, each once. The file may be PEM, DER, a JSON Web Key, or JSON or text
// with any of these in base64.
func Forms(content []byte) []string {
	forms := keysInText(content, 2)
	slices.Sort(forms)
	return slices.Compact(forms)
}

// keysInText looks for keys as deep as this in texts in base64.
func keysInText(content []byte, depth int) (forms []string) {
	if key := parseKey(content); key != nil {
		return formsOf(key)
	}
	for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
		if !strings.Contains(block.Type, "PRIVATE KEY") {
			continue
		}
		if key := parseKey(block.Bytes); key != nil {
			forms = append(forms, formsOf(key)...)
			continue
		}
		if len(block.Bytes) < 2*base64Piece {
			continue // too short to be found by itself
		}
		// The key is encrypted, damaged, or of a type that Go does not know. Parts
		// of it may be public.
		forms = append(forms, linesOf(block)...)
		forms = append(forms,
			base64.StdEncoding.EncodeToString(block.Bytes),
			base64.RawURLEncoding.EncodeToString(block.Bytes),
			hex.EncodeToString(block.Bytes))
	}
	for _, match := range privateMember.FindAllSubmatch(content, -1) {
		if secret, err := base64.RawURLEncoding.DecodeString(string(match[1])); err == nil {
			forms = append(forms, encodings(secret)...)
		}
	}
	if depth == 0 {
		return forms
	}
	for _, word := range longBase64.FindAll(content, -1) {
		word = bytes.TrimRight(bytes.ReplaceAll(word, []byte(`\n`), nil), "=")
		inner, err := base64.RawStdEncoding.DecodeString(string(word))
		if err == nil && (bytes.Contains(inner, []byte("PRIVATE KEY")) || parseKey(inner) != nil) {
			forms = append(forms, keysInText(inner, depth-1)...)
		}
	}
	return forms
}

var (
	// privateMember matches the private members of a JSON Web Key (RFC 7518 §6).
	privateMember = regexp.MustCompile(`"(?:d|p|q|dp|dq|qi|k)\\*"\s*:\s*\\*"([A-Za-z0-9_-]{22,})`)
	// longBase64 matches what may be a whole key in base64.
	longBase64 = regexp.MustCompile(`[A-Za-z0-9+/]{60,}={0,2}`)
)

// parseKey returns the private key of a DER text in PKCS#8, SEC 1 or PKCS#1; nil
// if it is none.
func parseKey(der []byte) crypto.Signer {
	if len(der) == 0 || der[0] != 0x30 { // no sequence
		return nil
	}
	if key, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		signer, _ := key.(crypto.Signer)
		return signer
	}
	if key, err := x509.ParseECPrivateKey(der); err == nil {
		return key
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key
	}
	return nil
}

// formsOf returns the forms of a key's private numbers, which stand in every
// format of the key, and the end of the key authorizations that are made with it
// if it is an account's.
func formsOf(key crypto.Signer) (forms []string) {
	switch key := key.(type) {
	case *ecdsa.PrivateKey:
		if d, err := key.Bytes(); err == nil {
			forms = encodings(d)
			forms = append(forms, pieces(new(big.Int).SetBytes(d).String(), digitsPiece)...)
		}
	case ed25519.PrivateKey:
		forms = encodings(key.Seed())
	case *rsa.PrivateKey:
		numbers := append([]*big.Int{key.D}, key.Primes...)
		if key.Precomputed.Dp != nil {
			numbers = append(numbers, key.Precomputed.Dp, key.Precomputed.Dq, key.Precomputed.Qinv)
		}
		for _, n := range numbers {
			forms = append(forms, encodings(n.Bytes())...)
		}
		forms = append(forms, pieces(key.D.String(), digitsPiece)...)
	}
	if thumbprint := thumbprintOf(key.Public()); thumbprint != "" {
		forms = append(forms, "."+thumbprint)
	}
	return forms
}

// The lengths of the pieces in which a secret is looked for: enough of it that
// nothing else looks like them, and so little that a line break does not hide it.
const (
	base64Piece = 16 // 96 bits
	hexPiece    = 24
	digitsPiece = 24
	bytesPiece  = 10
)

// encodings returns pieces of the forms in which a secret of bytes may be written
// down: base64 in either alphabet, at each of the three offsets that it has within
// longer data, hexadecimal numbers and lists of bytes. The bytes themselves are
// among them, for binary files.
func encodings(secret []byte) (forms []string) {
	for offset := range 3 {
		padded := append(make([]byte, offset), secret...)
		text := base64.RawStdEncoding.EncodeToString(padded)
		// Characters at both ends hold bits of what stands beside the secret.
		text = text[[]int{0, 2, 3}[offset]:]
		if len(padded)%3 != 0 {
			text = text[:max(0, len(text)-1)]
		}
		for _, piece := range pieces(text, base64Piece) {
			url := strings.NewReplacer("+", "-", "/", "_").Replace(piece)
			forms = append(forms, piece, url, strings.ReplaceAll(piece, "/", `\/`))
		}
	}
	for _, piece := range pieces(hex.EncodeToString(secret), hexPiece) {
		forms = append(forms, piece, strings.ToUpper(piece))
	}
	for _, piece := range pieces(string(secret), bytesPiece) {
		forms = append(forms, piece)
		for _, format := range []string{"% x", "% X", "% #x"} {
			forms = append(forms, fmt.Sprintf(format, piece))
		}
		spaced := fmt.Sprintf("% x", piece)
		forms = append(forms, strings.ReplaceAll(spaced, " ", ":"),
			strings.ToUpper(strings.ReplaceAll(spaced, " ", ":")),
			`\x`+strings.ReplaceAll(spaced, " ", `\x`))
		numbers := strings.Trim(fmt.Sprint([]byte(piece)), "[]")
		forms = append(forms, numbers,
			strings.ReplaceAll(numbers, " ", ", "), strings.ReplaceAll(numbers, " ", ","))
	}
	return forms
}

// pieces cuts a text into pieces of this length, and leaves out the rest.
func pieces(text string, length int) (all []string) {
	for ; len(text) >= length; text = text[length:] {
		all = append(all, text[:length])
	}
	return all
}

// linesOf returns the lines of a PEM block, as the file has them. The last line of
// a key may be so short that it stands elsewhere too: such a line is left out.
func linesOf(block *pem.Block) (lines []string) {
	for line := range bytes.Lines(pem.EncodeToMemory(block)) {
		line = bytes.TrimSpace(line)
		if len(line) >= base64Piece && !bytes.HasPrefix(line, []byte("-----")) {
			lines = append(lines, string(line))
		}
	}
	return lines
}
