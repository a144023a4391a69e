package sut

import (
	"net/url"
	"regexp"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"assay/scenarios"
)

// KnownFailure is a requirement that the target is known to fail, and why.
type KnownFailure struct {
	// ID names a requirement, or one case of it: "ID/case".
	ID string
	// Version is the range of the target's versions that fail; the zero Range
	// is all of them.
	Version scenarios.Range
	// Until is the last day (UTC) on which the entry counts; zero is for ever.
	Until time.Time
	// Seen matches the reason of the failure; nil matches every reason.
	Seen *regexp.Regexp
	// Reason says why the target fails. It is never empty.
	Reason string
	// Link leads to more about it; may be empty.
	Link string
}

// Applies says whether the entry is about this version of the target. version
// is what the version command printed: the first semantic version in it
// counts. An entry for certain versions does not apply to one that is unknown:
// an excuse has to be shown to hold.
func (k KnownFailure) Applies(version string) bool {
	return k.Version.IsZero() || k.Version.Holds(SemanticVersion(version)) == scenarios.Holds
}

// Expired says whether the entry's last day has passed.
func (k KnownFailure) Expired(now time.Time) bool {
	return !k.Until.IsZero() && !now.Before(k.Until.AddDate(0, 0, 1))
}

func (p *parser) knownFailures(into *[]KnownFailure) reader {
	return func(n *yaml.Node, key string) {
		if n.Kind == yaml.SequenceNode && len(n.Content) == 0 {
			return // none left: what everyone hopes for
		}
		p.list(n, key, "known failures", func(n *yaml.Node, key string) {
			var k KnownFailure
			p.mapping(n, key, map[string]reader{
				"id":      p.id(&k.ID),
				"version": p.versions(&k.Version),
				"until":   p.date(&k.Until),
				"seen":    p.regexp(&k.Seen),
				"reason":  p.text(&k.Reason),
				"link":    p.link(&k.Link),
			}, "id", "reason")
			*into = append(*into, k)
		})
	}
}

func (p *parser) id(into *string) reader {
	return func(n *yaml.Node, key string) {
		if !isText(n) || (p.knows != nil && !p.knows(n.Value)) {
			p.wrong(n.Line, key, describe(n), "an ID, or ID/case, of the catalogue")
			return
		}
		*into = n.Value
	}
}

func (p *parser) versions(into *scenarios.Range) reader {
	return func(n *yaml.Node, key string) {
		r, err := scenarios.ParseRange(n.Value)
		switch {
		case !isText(n):
			p.wrong(n.Line, key, describe(n), `comparisons with full versions, such as "< 0.29.3"`)
		case err != nil:
			p.wrong(n.Line, key, describe(n), err.Error())
		default:
			*into = r
		}
	}
}

func (p *parser) date(into *time.Time) reader {
	return func(n *yaml.Node, key string) {
		day, err := time.Parse(time.DateOnly, n.Value)
		if n.Kind != yaml.ScalarNode || err != nil {
			p.wrong(n.Line, key, describe(n), "a date such as 2027-06-30")
			return
		}
		*into = day
	}
}

func (p *parser) regexp(into **regexp.Regexp) reader {
	return func(n *yaml.Node, key string) {
		if !isText(n) {
			p.wrong(n.Line, key, describe(n), "a regular expression")
			return
		}
		r, err := regexp.Compile(n.Value)
		if err != nil {
			p.wrong(n.Line, key, describe(n), "a regular expression ("+strings.TrimPrefix(err.Error(), "error parsing regexp: ")+")")
			return
		}
		*into = r
	}
}

func (p *parser) link(into *string) reader {
	return func(n *yaml.Node, key string) {
		u, err := url.Parse(n.Value)
		if !isText(n) || err != nil || u.Host == "" {
			p.wrong(n.Line, key, describe(n), "a URL such as https://host/path")
			return
		}
		*into = n.Value
	}
}
