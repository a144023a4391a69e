package sut

import (
	"errors"
	"regexp"
	"time"

	"go.yaml.in/yaml/v4"

	"assay/scenarios"
)

// A KnownFailure names a requirement that the target is known to fail, and says
// why. An entry excuses only what it describes: a failure for another reason, a
// pass, and a failure after the day in until fail the run.
type KnownFailure struct {
	// ID identifies the requirement, or one case of it: "RES-01" or "RES-01/case".
	ID string `yaml:"id" jsonschema:"required,minLength=1"`
	// Version describes the versions of the target that fail, as in "< 1.4.0".
	// Without it, all versions do.
	Version scenarios.Range `yaml:"version"`
	// Until is the last day (UTC) on which the entry counts. Without it, the
	// entry counts for ever.
	Until Date `yaml:"until"`
	// Seen is a regular expression that matches the reason of the failure.
	// Without it, every reason is accepted.
	Seen *regexp.Regexp `yaml:"seen"`
	// Reason says why the target fails.
	Reason string `yaml:"reason" jsonschema:"required,minLength=1"`
	// Link is a URL with more about the failure.
	Link string `yaml:"link"`
}

// Applies reports whether the entry is about this version of the target. version
// is what the version command printed; its first semantic version counts. An
// entry for certain versions applies to an unknown version too.
func (k KnownFailure) Applies(version string) bool {
	return k.Version.Holds(SemanticVersion(version)) != scenarios.Outside
}

// Uncertain reports whether the entry applies only because the version of the
// target is unknown.
func (k KnownFailure) Uncertain(version string) bool {
	return !k.Version.IsZero() && k.Version.Holds(SemanticVersion(version)) == scenarios.Unknown
}

// Expired reports whether the entry's last day has passed.
func (k KnownFailure) Expired(now time.Time) bool {
	return !k.Until.IsZero() && !now.Before(k.Until.AddDate(0, 0, 1))
}

// A Date is a day without a time, 0:00 UTC. The zero Date means that no day is
// given.
type Date struct{ time.Time }

// UnmarshalYAML reads a day in the form 2027-06-30.
func (d *Date) UnmarshalYAML(n *yaml.Node) error {
	day, err := time.Parse(time.DateOnly, n.Value)
	if err != nil {
		return errors.New("a date such as 2027-06-30")
	}
	d.Time = day
	return nil
}
