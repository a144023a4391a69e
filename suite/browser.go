package suite

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/onsi/ginkgo/v2"
)

// Browser is a headless Chromium in the spec's world, with a profile of its
// own that trusts the CA's root beside what it comes with. It is spoken to by
// the DevTools protocol over pipes: requests and answers in JSON, each ended
// by a zero byte.
type Browser struct {
	s       *Scenario
	to      *os.File
	pipe    *os.File
	from    *bufio.Reader // of the pipe
	serial  int
	session string // the page's
	seen    func(message)
	asked   bool // it has asked for the page that it visits
}

// What a browser takes to start, and what it may wait for a page. It is large,
// and starts slowly on a machine with much else to do.
const (
	browserStart    = time.Minute
	browserPatience = 20 * time.Second
)

// Browser starts the browser; without one on this machine, or without the tool
// that puts a root into its trust store, the spec is skipped.
func (s *Scenario) Browser() *Browser {
	ginkgo.GinkgoHelper()
	chromium, err := exec.LookPath(browserCommand())
	s.SkipUnless(err == nil, "no browser: none of "+strings.Join(browsers, ", ")+" is on PATH")
	certutil, err := exec.LookPath("certutil")
	s.SkipUnless(err == nil, "the browser cannot be made to trust the CA: certutil (libnss3-tools) is not on PATH")
	home := s.Path("browser")
	s.trustInBrowser(certutil, filepath.Join(home, ".pki", "nssdb"))

	// The browser reads commands from its descriptor 3 and writes to 4.
	commands, to, err := os.Pipe()
	s.must(err)
	from, answers, err := os.Pipe()
	s.must(err)
	v4, _ := s.World.Host()
	cmd := exec.Command(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-extensions", "--no-proxy-server",
		"--remote-debugging-pipe", "--user-data-dir="+filepath.Join(home, "profile"),
		fmt.Sprintf("--host-resolver-rules=MAP %s %s", s.Hostname, v4), "about:blank")
	cmd.Dir, cmd.ExtraFiles = home, []*os.File{commands, answers}
	cmd.Env = []string{"HOME=" + home, "TMPDIR=" + home, "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8"}
	err = s.World.Start(cmd)
	commands.Close()
	answers.Close()
	s.must(err)
	stop := context.AfterFunc(s.ctx, func() { from.Close() }) // ends a read
	s.closers = append(s.closers, func() error {
		stop()
		cmd.Process.Kill()
		cmd.Wait() // its code is that of a killed process
		return errors.Join(to.Close(), ignoreClosed(from.Close()))
	})
	b := &Browser{s: s, to: to, pipe: from, from: bufio.NewReader(from)}
	b.openPage()
	return b
}

// browsers are the names of Chromium, as distributions and Google call it.
var browsers = []string{"chromium", "chromium-browser", "google-chrome"}

// browserCommand is the first of them that this machine has, or the usual one.
func browserCommand() string {
	for _, name := range browsers {
		if _, err := exec.LookPath(name); err == nil {
			return name
		}
	}
	return browsers[0]
}

func ignoreClosed(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

// trustInBrowser makes a trust store that holds the CA's root.
func (s *Scenario) trustInBrowser(certutil, store string) {
	ginkgo.GinkgoHelper()
	s.must(os.MkdirAll(store, 0o700))
	root := s.Write("browser/root.pem", s.CA().RootPEM())
	for _, args := range [][]string{{"-N", "--empty-password"}, {"-A", "-n", "root", "-t", "C,,", "-i", root}} {
		output, err := exec.CommandContext(s.ctx, certutil, append([]string{"-d", "sql:" + store}, args...)...).CombinedOutput()
		if err != nil {
			s.must(fmt.Errorf("certutil %s: %w\n%s", args[0], err, output))
		}
	}
}

// openPage opens the page that Visit uses.
func (b *Browser) openPage() {
	ginkgo.GinkgoHelper()
	b.s.must(b.pipe.SetReadDeadline(time.Now().Add(browserStart)))
	var target struct{ TargetID string }
	b.ask("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.ask("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	b.ask("Network.enable", nil, nil)
}

// Visit is what a browser made of a page.
type Visit struct {
	Silence  error  // it has asked for the page, and waited in vain
	Refused  string // its error, such as "net::ERR_CERT_AUTHORITY_INVALID"; empty if it took the page
	Security string // "secure" if it found nothing wrong
	// From and To are the dates of the certificate that it shows.
	From, To time.Time
}

// String tells it for messages.
func (v Visit) String() string {
	if v.Silence != nil {
		return v.Silence.Error()
	}
	if v.Refused != "" {
		return "refused: " + v.Refused
	}
	return fmt.Sprintf("%s, valid from %s to %s", v.Security, v.From.Format(time.RFC3339), v.To.Format(time.RFC3339))
}

// Visit loads a page.
func (b *Browser) Visit(url string) Visit {
	ginkgo.GinkgoHelper()
	b.s.must(b.pipe.SetReadDeadline(time.Now().Add(browserPatience)))
	var v Visit
	b.asked = false
	b.seen = func(m message) {
		b.asked = b.asked || m.Method == "Network.requestWillBeSent"
		var p struct {
			Type     string
			Response struct {
				SecurityState   string
				SecurityDetails struct{ ValidFrom, ValidTo int64 }
			}
		}
		if m.Method == "Network.responseReceived" && json.Unmarshal(m.Params, &p) == nil && p.Type == "Document" {
			v.Security = p.Response.SecurityState
			v.From, v.To = time.Unix(p.Response.SecurityDetails.ValidFrom, 0).UTC(), time.Unix(p.Response.SecurityDetails.ValidTo, 0).UTC()
		}
	}
	var navigated struct{ ErrorText string }
	answered := b.ask("Page.navigate", map[string]any{"url": url}, &navigated)
	v.Refused = navigated.ErrorText
	for answered && v.Refused == "" && v.Security == "" {
		_, answered = b.read()
	}
	if !answered {
		v.Silence = fmt.Errorf("no answer to the browser's request within %s", browserPatience)
	}
	return v
}

// message is one message of the browser's: an answer, if it has an ID, or an
// event.
type message struct {
	ID     int
	Method string
	Params json.RawMessage
	Result json.RawMessage
	Error  *struct{ Message string }
}

// ask sends a command and waits for its answer; it returns false as read does.
func (b *Browser) ask(method string, params map[string]any, result any) bool {
	ginkgo.GinkgoHelper()
	b.serial++
	command := map[string]any{"id": b.serial, "method": method}
	if params != nil {
		command["params"] = params
	}
	if b.session != "" {
		command["sessionId"] = b.session
	}
	text, err := json.Marshal(command)
	b.s.must(err)
	_, err = b.to.Write(append(text, 0))
	b.s.must(err)
	for {
		m, more := b.read()
		if !more {
			return false
		}
		if m.ID != b.serial {
			continue
		}
		if m.Error != nil {
			b.s.must(fmt.Errorf("the browser, asked for %s: %s", method, m.Error.Message))
		}
		if result != nil {
			b.s.must(json.Unmarshal(m.Result, result))
		}
		return true
	}
}

// read reads one message; events go to seen. It returns false if the time is
// over for a page that the browser has asked for. One that says nothing at all
// is not the target's fault.
func (b *Browser) read() (m message, more bool) {
	ginkgo.GinkgoHelper()
	text, err := b.from.ReadString(0)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		if b.asked {
			return m, false
		}
		err = errors.New("it keeps silent")
	}
	if err != nil {
		b.s.must(fmt.Errorf("waiting for the browser: %w", err))
	}
	b.s.must(json.Unmarshal([]byte(strings.TrimSuffix(text, "\x00")), &m))
	if m.ID == 0 && b.seen != nil {
		b.seen(m)
	}
	return m, true
}
