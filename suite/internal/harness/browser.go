package harness

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

	"assay/suite/internal/match"
)

// Browser is a headless Chromium in the spec's world, with a profile of its
// own that trusts the CA's root beside what it comes with. It is spoken to by
// the DevTools protocol over pipes: requests and answers in JSON, each ended
// by a zero byte.
type Browser struct {
	s       *Env
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
func (e *Env) Browser() *Browser {
	ginkgo.GinkgoHelper()
	chromium, err := exec.LookPath(BrowserCommand())
	e.SkipUnless(err == nil, "no browser: none of "+strings.Join(browsers, ", ")+" is on PATH")
	certutil, err := exec.LookPath("certutil")
	e.SkipUnless(err == nil, "the browser cannot be made to trust the CA: certutil (libnss3-tools) is not on PATH")
	home := e.Path("browser")
	e.trustInBrowser(certutil, filepath.Join(home, ".pki", "nssdb"))

	// The browser reads commands from its descriptor 3 and writes to 4.
	commands, to, err := os.Pipe()
	e.Must(err)
	from, answers, err := os.Pipe()
	e.Must(err)
	v4, _ := e.World.Host()
	cmd := exec.Command(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-extensions", "--no-proxy-server",
		"--remote-debugging-pipe", "--user-data-dir="+filepath.Join(home, "profile"),
		fmt.Sprintf("--host-resolver-rules=MAP %s %s", e.Hostname, v4), "about:blank")
	cmd.Dir, cmd.ExtraFiles = home, []*os.File{commands, answers}
	cmd.Env = []string{"HOME=" + home, "TMPDIR=" + home, "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8"}
	err = e.World.Start(cmd)
	commands.Close()
	answers.Close()
	e.Must(err)
	stop := context.AfterFunc(e.ctx, func() { from.Close() }) // ends a read
	e.Closers = append(e.Closers, func() error {
		stop()
		cmd.Process.Kill()
		cmd.Wait() // its code is that of a killed process
		return errors.Join(to.Close(), ignoreClosed(from.Close()))
	})
	b := &Browser{s: e, to: to, pipe: from, from: bufio.NewReader(from)}
	b.openPage()
	return b
}

// browsers are the names of Chromium, as distributions and Google call it.
var browsers = []string{"chromium", "chromium-browser", "google-chrome"}

// BrowserCommand is the first of them that this machine has, or the usual one.
func BrowserCommand() string {
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
func (e *Env) trustInBrowser(certutil, store string) {
	ginkgo.GinkgoHelper()
	e.Must(os.MkdirAll(store, 0o700))
	root := e.Write("browser/root.pem", e.CA().RootPEM())
	for _, args := range [][]string{{"-N", "--empty-password"}, {"-A", "-n", "root", "-t", "C,,", "-i", root}} {
		output, err := exec.CommandContext(e.ctx, certutil, append([]string{"-d", "sql:" + store}, args...)...).CombinedOutput()
		if err != nil {
			e.Must(fmt.Errorf("certutil %s: %w\n%s", args[0], err, output))
		}
	}
}

// openPage opens the page that Visit uses.
func (b *Browser) openPage() {
	ginkgo.GinkgoHelper()
	b.s.Must(b.pipe.SetReadDeadline(time.Now().Add(browserStart)))
	var target struct{ TargetID string }
	b.ask("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.ask("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	b.ask("Network.enable", nil, nil)
}

// Visit loads a page.
func (b *Browser) Visit(url string) match.Visit {
	ginkgo.GinkgoHelper()
	b.s.Must(b.pipe.SetReadDeadline(time.Now().Add(browserPatience)))
	var v match.Visit
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
	b.s.Must(err)
	_, err = b.to.Write(append(text, 0))
	b.s.Must(err)
	for {
		m, more := b.read()
		if !more {
			return false
		}
		if m.ID != b.serial {
			continue
		}
		if m.Error != nil {
			b.s.Must(fmt.Errorf("the browser, asked for %s: %s", method, m.Error.Message))
		}
		if result != nil {
			b.s.Must(json.Unmarshal(m.Result, result))
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
		b.s.Must(fmt.Errorf("waiting for the browser: %w", err))
	}
	b.s.Must(json.Unmarshal([]byte(strings.TrimSuffix(text, "\x00")), &m))
	if m.ID == 0 && b.seen != nil {
		b.seen(m)
	}
	return m, true
}
