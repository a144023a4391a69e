package match

import (
	"errors"
	"net"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/onsi/gomega"

	"assay/suite/internal/sut"
)

// TestPlain checks what a report says when an assertion of Gomega fails.
func TestPlain(t *testing.T) {
	t.Parallel()
	refused := &net.OpError{
		Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 10), Port: 80},
		Err: os.NewSyscallError("connect", syscall.ECONNREFUSED),
	}
	const why = "dial tcp 127.0.0.10:80: connect: connection refused"
	lines := []sut.Line{{Text: "WARN one"}, {Text: "WARN two"}}
	for _, tt := range []struct {
		name   string
		assert func(g gomega.Gomega)
		want   string
	}{
		{"an error", func(g gomega.Gomega) { g.Expect(refused).NotTo(gomega.HaveOccurred()) },
			"expected  no error\nseen      " + why},
		{"an error with a note",
			func(g gomega.Gomega) { g.Expect(refused).NotTo(gomega.HaveOccurred(), "a listener") },
			"a listener\nexpected  no error\nseen      " + why},
		{"no success", func(g gomega.Gomega) { g.Expect(error(refused)).To(gomega.Succeed(), "a ping") },
			"a ping\nexpected  no error\nseen      " + why},
		{"joined errors", func(g gomega.Gomega) {
			g.Expect(errors.Join(errors.New("a"), errors.New("b"))).To(gomega.Succeed())
		}, "expected  no error\nseen      a\n          b"},
		{"texts", func(g gomega.Gomega) { g.Expect("a").To(gomega.Equal("b")) },
			"expected  to equal b\nseen      a"},
		{"a condition", func(g gomega.Gomega) { g.Expect(false).To(gomega.BeTrue(), "it lives") },
			"it lives\nexpected  to be true\nseen      false"},
		{"a list", func(g gomega.Gomega) { g.Expect([]string{"x"}).To(gomega.BeEmpty()) },
			"expected  to be empty\nseen      [\"x\"]"},
		{"lines of a log", func(g gomega.Gomega) { g.Expect(lines).To(gomega.BeEmpty()) },
			"expected  to be empty\nseen      [WARN one, WARN two]"},
		{"a matcher of this package", func(g gomega.Gomega) { g.Expect("a").To(Print("b")) },
			"expected  the output\n          b\nseen      a"},
		{"a wrong type", func(g gomega.Gomega) { g.Expect(1).To(Print("b")) },
			"found a value of type int, expected a string to match: the output\nb"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			message := ""
			tt.assert(gomega.NewGomega(func(m string, _ ...int) { message = m }))
			got := Plain(message)
			if strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(tt.want), " ") {
				t.Errorf("%q became\n%s\nexpected\n%s", message, got, tt.want)
			}
			if dump.MatchString(got) {
				t.Errorf("a Go value in\n%s", got)
			}
		})
	}
}

// dump matches types and addresses of Go values.
var dump = regexp.MustCompile(`0x[0-9a-f]{6,}|<[*\w.\[\]]+>|len:\d+|cap:\d+`)
