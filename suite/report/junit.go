package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"assay/suite/report/words"
)

// The elements of junit.xml: a suite for each chapter, a test case for each
// requirement.
type (
	junitRun struct {
		XMLName xml.Name `xml:"testsuites"`
		junitCounts
		Suites []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		junitCounts
		Timestamp  string          `xml:"timestamp,attr,omitempty"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
	}
	junitCounts struct {
		Name     string `xml:"name,attr"`
		Tests    int    `xml:"tests,attr"`
		Failures int    `xml:"failures,attr"`
		Errors   int    `xml:"errors,attr"`
		Skipped  int    `xml:"skipped,attr"`
		Time     string `xml:"time,attr"` // seconds
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Name      string       `xml:"name,attr"`
		Class     string       `xml:"classname,attr"`
		Time      string       `xml:"time,attr"` // seconds
		Failure   *junitNote   `xml:"failure,omitempty"`
		Error     *junitNote   `xml:"error,omitempty"`
		Skipped   *junitNote   `xml:"skipped,omitempty"`
		SystemOut *junitOutput `xml:"system-out,omitempty"`
	}
	junitNote struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
	junitOutput struct {
		Text string `xml:",chardata"`
	}
)

// WriteJUnit writes a report in the XML format of JUnit, which CI systems read. A
// failed MUST or SHOULD and an unexpected pass are a failure, an error is an
// error. What was skipped or is not claimed, known failures and a MAY that is not
// offered are skipped, with their reason. If the run itself failed, one more
// suite with the name "run" holds that error.
func WriteJUnit(w io.Writer, r *Report) error {
	run := junitRun{junitCounts: junitCounts{
		Name: "assay " + words.Printable(r.Target.Name), Time: seconds(r.DurationMS),
	}}
	times := map[string]int64{}
	index := map[string]int{}
	for i := range r.Results {
		x := &r.Results[i]
		k, ok := index[x.Profile]
		if !ok {
			k = len(run.Suites)
			index[x.Profile] = k
			run.Suites = append(run.Suites, junitSuite{
				junitCounts: junitCounts{Name: words.Printable(x.Profile)},
				Timestamp:   r.Started.Format(time.RFC3339),
				Properties:  junitProperties(r),
			})
		}
		times[x.Profile] += x.DurationMS
		run.Suites[k].Cases = append(run.Suites[k].Cases, junitResult(x))
		run.Suites[k].Time = seconds(times[x.Profile])
	}
	if r.Error != "" {
		run.Suites = append(run.Suites, junitSuite{
			junitCounts: junitCounts{Name: "run", Time: seconds(0)},
			Cases: []junitCase{{
				Name: "the run itself", Class: "run", Time: seconds(0),
				Error: &junitNote{
					Message: words.Printable(words.Headline(r.Error)),
					Text:    words.Printable(r.Error),
				},
			}},
		})
	}
	for i := range run.Suites {
		s := &run.Suites[i]
		for _, c := range s.Cases {
			s.add(c)
			run.add(c)
		}
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", " ")
	if err := e.Encode(run); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (n *junitCounts) add(c junitCase) {
	n.Tests++
	switch {
	case c.Failure != nil:
		n.Failures++
	case c.Error != nil:
		n.Errors++
	case c.Skipped != nil:
		n.Skipped++
	}
}

func junitResult(x *Result) junitCase {
	c := junitCase{
		Name:  words.Printable(x.ID + " " + x.Title),
		Class: words.Printable(x.Profile), Time: seconds(x.DurationMS),
	}
	note := &junitNote{
		Message: words.Printable(x.Reason), Type: string(x.Level), Text: words.Printable(x.Message()),
	}
	switch {
	case x.Status == Error:
		c.Error = note
	case x.Status == UnexpectedPassed:
		note.Type = string(x.Status)
		c.Failure = note
	case x.NotOffered():
		c.Skipped = &junitNote{Message: words.Printable("not offered: " + x.Reason)}
	case x.Status == Failed:
		c.Failure = note
	case x.Status == KnownFailed:
		c.Skipped = &junitNote{Message: words.Printable(knownFailure(x))}
	case x.Status == NotClaimed:
		c.Skipped = &junitNote{Message: words.Printable("not claimed: " + x.Reason)}
	case x.Status == Skipped:
		c.Skipped = &junitNote{Message: words.Printable(x.Reason)}
	}
	if out := junitOut(x); out != "" {
		c.SystemOut = &junitOutput{Text: words.Printable(out)}
	}
	return c
}

// knownFailure returns the reason of the target's list, and what the spec saw.
func knownFailure(x *Result) string {
	listed := ""
	if x.KnownFailure != nil {
		listed = x.KnownFailure.Reason
	}
	return "known failure: " + listed + " [" + x.Reason + "]"
}

// junitOut returns the text that explains a result that did not simply pass.
func junitOut(x *Result) string {
	var b strings.Builder
	for _, k := range x.Cases {
		if k.Status != Passed {
			fmt.Fprintf(&b, "%s: %s: %s\n", k.Case, k.Status, k.Reason)
		}
	}
	if x.Status != Failed && x.Status != Error {
		return b.String()
	}
	add := func(name, text string) {
		if strings.TrimSpace(text) != "" {
			fmt.Fprintf(&b, "%s: %s\n", name, text)
		}
	}
	add("promised", words.OneLine(x.Text))
	add("source", x.Source)
	if e := x.Evidence; e != nil {
		add("evidence", e.Dir)
		add("repeat", e.Repeat)
	}
	return b.String()
}

func junitProperties(r *Report) []junitProperty {
	var ps []junitProperty
	for _, p := range []junitProperty{
		{"target", r.Target.Name},
		{"version", r.Target.Version},
		{"autocert", r.Target.Autocert},
		{"suite", r.Suite.Version},
		{"catalogue", r.Suite.Catalogue},
		{"world", r.World},
		{"ca", r.CA},
	} {
		if p.Value != "" {
			ps = append(ps, junitProperty{p.Name, words.Printable(p.Value)})
		}
	}
	return ps
}

func seconds(ms int64) string { return fmt.Sprintf("%d.%03d", ms/1000, ms%1000) }
