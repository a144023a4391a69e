package certificate

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"strings"
	"unicode"
)

// block is one PEM block of a file (RFC 7468).
type block struct {
	*pem.Block
	place int // in the file, counted from one
	line  int // of its BEGIN line, counted from one
}

// at names a block by its place in the file and its first line.
func (b block) at() string { return fmt.Sprintf("block %d (line %d)", b.place, b.line) }

// splitPEM returns all PEM blocks of a text, or what is wrong with the first
// block that is not whole. It is stricter than [pem.Decode], which passes over
// damaged blocks: a chain that lost a certificate that way would be served
// incomplete. Text between the blocks is allowed (RFC 7468 §2).
func splitPEM(text []byte) (blocks []block, problem string) {
	scan := &scanner{}
	for i, line := range strings.Split(string(text), "\n") {
		if problem := scan.next(i+1, line); problem != "" {
			return nil, problem
		}
	}
	if scan.inside {
		return nil, fmt.Sprintf("found no END line for %s (truncated or damaged)", scan.current())
	}
	return scan.blocks, ""
}

const (
	begin  = "-----BEGIN "
	end    = "-----END "
	dashes = "-----"
)

// scanner goes through a text line by line.
type scanner struct {
	blocks []block
	inside bool         // between a BEGIN line and its END line
	kind   string       // the label of the open block
	line   int          // of the BEGIN line of the open block
	body   bytes.Buffer // the open block so far, line by line
}

func (s *scanner) current() string {
	return fmt.Sprintf("block %d (%s, line %d)", len(s.blocks)+1, s.kind, s.line)
}

// next takes one line and says what is wrong with it.
func (s *scanner) next(number int, line string) (problem string) {
	line = strings.TrimRight(line, " \t\r")
	if problem := misshapen(line); problem != "" {
		return fmt.Sprintf("found %s on line %d", problem, number)
	}
	switch {
	case strings.HasPrefix(line, begin):
		if s.inside {
			return fmt.Sprintf("found the beginning of another block on line %d before the END line of %s "+
				"(truncated or damaged)", number, s.current())
		}
		s.inside, s.line, s.kind = true, number, label(line, begin)
		s.body.Reset()
	case strings.HasPrefix(line, end):
		if !s.inside {
			return fmt.Sprintf("found an END line without a BEGIN line on line %d (truncated or damaged)",
				number)
		}
		if kind := label(line, end); kind != s.kind {
			return fmt.Sprintf("found the end of a %s block on line %d, in %s", kind, number, s.current())
		}
		s.body.WriteString(line + "\n")
		return s.finish()
	}
	if s.inside {
		s.body.WriteString(line + "\n")
	}
	return ""
}

// finish decodes the open block.
func (s *scanner) finish() (problem string) {
	decoded, _ := pem.Decode(s.body.Bytes())
	switch {
	case decoded == nil:
		return fmt.Sprintf("found text that is not base64 in %s (truncated or damaged)", s.current())
	case len(decoded.Bytes) == 0:
		return fmt.Sprintf("found nothing in %s", s.current())
	}
	s.blocks = append(s.blocks, block{decoded, len(s.blocks) + 1, s.line})
	s.inside = false
	return ""
}

// label returns the type of block that a boundary line names.
func label(line, prefix string) string {
	return strings.TrimSuffix(strings.TrimPrefix(line, prefix), dashes)
}

// misshapen says what is wrong with a line that is nearly a boundary. Readers
// disagree about such lines: some skip the block, others the rest of the file.
func misshapen(line string) string {
	isBoundary := strings.HasPrefix(line, begin) || strings.HasPrefix(line, end)
	inner := strings.TrimLeft(line, " \t")
	switch {
	case strings.Count(line, begin)+strings.Count(line, end) > 1:
		return "two boundary lines that are joined, without a line break between them,"
	case isBoundary && (!strings.HasSuffix(line, dashes) || strings.HasSuffix(line, dashes+"-")):
		return "a boundary line that does not end with exactly five dashes"
	case isBoundary:
		return ""
	case strings.HasPrefix(inner, begin) || strings.HasPrefix(inner, end):
		return "an indented boundary line"
	case strings.Contains(line, begin) || strings.Contains(line, end):
		return "a boundary line with other text before it"
	case nearBoundary(inner):
		return "a boundary line that does not begin with exactly five dashes and a capital BEGIN or END"
	}
	return ""
}

// nearBoundary reports whether a line between dashes, of any length and form,
// reads like a boundary.
func nearBoundary(line string) bool {
	dash := func(r rune) bool { return unicode.Is(unicode.Pd, r) || unicode.IsSpace(r) }
	words := strings.TrimLeftFunc(line, dash)
	if len(words) == len(line) || len(strings.TrimRightFunc(words, dash)) == len(words) {
		return false
	}
	first, rest, _ := strings.Cut(strings.ToUpper(words), " ")
	holds := strings.Contains(rest, "CERTIFICATE") || strings.Contains(rest, "KEY")
	return holds && (first == "BEGIN" || first == "END")
}

// encoding names an encoding of text that PEM readers do not read, or the binary
// form of what PEM holds; it returns an empty text for anything else.
func encoding(text []byte) string {
	holds := func(part string) bool { return bytes.Contains(text, []byte(part)) }
	switch {
	case bytes.HasPrefix(text, []byte("\xef\xbb\xbf")):
		return "a byte order mark (EF BB BF) before the text"
	case bytes.HasPrefix(text, []byte("\xff\xfe")), bytes.HasPrefix(text, []byte("\xfe\xff")),
		holds("-\x00-\x00-\x00-"), holds("\x00-\x00-\x00-\x00-"):
		return "text in UTF-16"
	case looksLikeDER(text):
		return "DER"
	case holds("\r") && !holds("\n") && holds(begin):
		return "lines that end with CR alone"
	}
	return ""
}

// looksLikeDER recognises the outer SEQUENCE that certificates and keys begin
// with (X.690 §8.9).
func looksLikeDER(data []byte) bool { return len(data) > 4 && data[0] == 0x30 && data[1]&0x80 != 0 }
