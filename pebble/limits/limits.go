// Package limits holds the bounds of what a CA takes from a client and from the server
// under test: requests, connections, and the answers to its validations. A server that
// is not hostile comes near none of them. CONTRACTS.md of the suite states them.
package limits

import "unicode/utf8"

const (
	// Requests is the number of requests that a CA answers. It refuses all later ones.
	Requests = 20_000
	// Entries is the number of entries of a journal. Later events are counted only.
	Entries = 25_000
	// Text is the number of bytes of a text in a journal.
	Text = 2 << 10
	// Names is the number of names and of contacts of one entry.
	Names = 200
	// Connections is the number of connections that each listener of a CA serves at a
	// time. Further ones wait.
	Connections = 200
	// QuestionsAtOnce is the number of questions that a name server answers as fast as
	// they come.
	QuestionsAtOnce = 2000
	// QuestionRate is the number of further questions that it answers in each second.
	QuestionRate = 1000
	// RequestHeader is the number of bytes of the header of a request.
	RequestHeader = 64 << 10

	// StatusLine is the number of bytes of a line in the head of the answer to a
	// validation by http-01.
	StatusLine = 8 << 10
	// AnswerHead is the number of bytes of the head of such an answer.
	AnswerHead = 64 << 10
	// Answer is the number of bytes of the whole of such an answer.
	Answer = 256 << 10
	// Handshake is the number of bytes that the server under test may send in a
	// connection of a validation by TLS.
	Handshake = 128 << 10
)

// Cut returns a text, cut between two characters if it is longer than [Text].
func Cut(text string) string {
	if len(text) <= Text {
		return text
	}
	end := Text
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

// CutAll returns texts, each cut, and no more than [Names] of them.
func CutAll(texts []string) []string {
	if len(texts) > Names {
		texts = append(texts[:Names:Names], "…")
	}
	var cut []string
	for _, text := range texts {
		cut = append(cut, Cut(text))
	}
	return cut
}
