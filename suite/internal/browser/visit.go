package browser

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// Visit holds how a browser judged a page.
type Visit struct {
	Began   time.Time // when it was asked for the page
	Silence error     // set if it asked for the page and got no answer in time
	// Refused holds its error, such as "net::ERR_CERT_AUTHORITY_INVALID"; it is
	// empty if the browser took the page.
	Refused  string
	Security string // "secure" if it found nothing wrong
	// From and To are the dates of the certificate that it shows.
	From, To time.Time
}

// String describes what happened, for messages.
func (v Visit) String() string {
	if v.Silence != nil {
		return v.Silence.Error()
	}
	if v.Refused != "" {
		return "refused: " + v.Refused
	}
	return fmt.Sprintf("%s, valid from %s to %s",
		v.Security, v.From.Format(time.RFC3339), v.To.Format(time.RFC3339))
}

// errSilent is the error of a browser that sends no message in time.
var errSilent = fmt.Errorf("the browser sent no message in time: %w", os.ErrDeadlineExceeded)

// openPage opens the page that Visit uses.
func (b *Browser) openPage(limit time.Duration) error {
	if err := b.pipe.SetReadDeadline(time.Now().Add(limit)); err != nil {
		return err
	}
	var target struct{ TargetID string }
	if err := b.ask("Target.createTarget", map[string]any{"url": "about:blank"}, &target); err != nil {
		return err
	}
	var attached struct{ SessionID string }
	params := map[string]any{"targetId": target.TargetID, "flatten": true}
	if err := b.ask("Target.attachToTarget", params, &attached); err != nil {
		return err
	}
	b.session = attached.SessionID
	return b.ask("Network.enable", nil, nil)
}

// Visit loads a page. The error reports a failure of the browser itself. A
// server that does not answer the browser's request is no error: see
// [Visit.Silence].
func (b *Browser) Visit(url string) (Visit, error) {
	v := Visit{Began: time.Now()}
	if err := b.pipe.SetReadDeadline(v.Began.Add(b.limit)); err != nil {
		return v, err
	}
	asked := false
	b.seen = func(m message) {
		asked = asked || m.Method == "Network.requestWillBeSent"
		var p struct {
			Type     string
			Response struct {
				SecurityState   string
				SecurityDetails struct{ ValidFrom, ValidTo int64 }
			}
		}
		if m.Method != "Network.responseReceived" || json.Unmarshal(m.Params, &p) != nil ||
			p.Type != "Document" {
			return
		}
		v.Security = p.Response.SecurityState
		v.From = time.Unix(p.Response.SecurityDetails.ValidFrom, 0).UTC()
		v.To = time.Unix(p.Response.SecurityDetails.ValidTo, 0).UTC()
	}
	var navigated struct{ ErrorText string }
	err := b.ask("Page.navigate", map[string]any{"url": url}, &navigated)
	v.Refused = navigated.ErrorText
	for err == nil && v.Refused == "" && v.Security == "" {
		_, err = b.read()
	}
	if errors.Is(err, errSilent) && asked {
		v.Silence, err = fmt.Errorf("no answer to the browser's request within %s", b.limit), nil
	}
	return v, err
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

// ask sends a command and waits for its answer.
func (b *Browser) ask(method string, params map[string]any, result any) error {
	b.serial++
	command := map[string]any{"id": b.serial, "method": method}
	if params != nil {
		command["params"] = params
	}
	if b.session != "" {
		command["sessionId"] = b.session
	}
	text, err := json.Marshal(command)
	if err != nil {
		return err
	}
	if _, err := b.to.Write(append(text, 0)); err != nil {
		return err
	}
	for {
		m, err := b.read()
		switch {
		case err != nil:
			return err
		case m.ID != b.serial:
			continue
		case m.Error != nil:
			return fmt.Errorf("the browser, asked for %s: %s", method, m.Error.Message)
		case result == nil:
			return nil
		}
		return json.Unmarshal(m.Result, result)
	}
}

// read reads one message; events go to seen. The error is errSilent if the
// browser says nothing in time.
func (b *Browser) read() (m message, err error) {
	text, err := b.from.ReadString(0)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return m, errSilent
	}
	if err != nil {
		return m, fmt.Errorf("reading from the browser: %w", err)
	}
	if err := json.Unmarshal([]byte(strings.TrimSuffix(text, "\x00")), &m); err != nil {
		return m, fmt.Errorf("reading from the browser: %w", err)
	}
	if m.ID == 0 && b.seen != nil {
		b.seen(m)
	}
	return m, nil
}
