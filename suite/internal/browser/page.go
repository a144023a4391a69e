package browser

import (
	"encoding/json"
	"fmt"
	"time"
)

// An Event is one event of the DevTools protocol, such as
// "Network.requestWillBeSent".
type Event struct {
	Method string
	Params json.RawMessage
}

// Open loads a page, and waits until it and all that it needs are loaded. It
// returns the events until then.
func (b *Browser) Open(url string) ([]Event, error) {
	if err := b.pipe.SetReadDeadline(time.Now().Add(b.limit)); err != nil {
		return nil, err
	}
	var events []Event
	loaded := false
	b.seen = func(m message) {
		events = append(events, Event{m.Method, m.Params})
		loaded = loaded || m.Method == "Page.loadEventFired"
	}
	defer func() { b.seen = nil }()
	for _, domain := range []string{"Page.enable", "Runtime.enable", "Log.enable"} {
		if err := b.ask(domain, nil, nil); err != nil {
			return nil, err
		}
	}
	events, loaded = nil, false // of the page before
	var navigated struct{ ErrorText string }
	if err := b.ask("Page.navigate", map[string]any{"url": url}, &navigated); err != nil {
		return events, err
	}
	if navigated.ErrorText != "" {
		return events, fmt.Errorf("the browser opens %s: %s", url, navigated.ErrorText)
	}
	for !loaded {
		if _, err := b.read(); err != nil {
			return events, err
		}
	}
	return events, nil
}

// Do sends a command of the DevTools protocol to the page, and decodes its
// answer into result, which may be nil. It returns the events that came before
// the answer.
func (b *Browser) Do(method string, params map[string]any, result any) ([]Event, error) {
	if err := b.pipe.SetReadDeadline(time.Now().Add(b.limit)); err != nil {
		return nil, err
	}
	var events []Event
	b.seen = func(m message) { events = append(events, Event{m.Method, m.Params}) }
	defer func() { b.seen = nil }()
	return events, b.ask(method, params, result)
}

// Evaluate runs JavaScript in the page, waits for a promise that it returns, and
// decodes the value into result. The events are those of [Browser.Do].
func (b *Browser) Evaluate(script string, result any) ([]Event, error) {
	var answer struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	events, err := b.Do("Runtime.evaluate", map[string]any{
		"expression": script, "awaitPromise": true, "returnByValue": true, "userGesture": true,
	}, &answer)
	if err != nil {
		return events, err
	}
	if e := answer.ExceptionDetails; e != nil {
		return events, fmt.Errorf("script in the page: %s %s", e.Text, e.Exception.Description)
	}
	if result == nil || len(answer.Result.Value) == 0 { // undefined
		return events, nil
	}
	return events, json.Unmarshal(answer.Result.Value, result)
}
