package upgrade

import (
	"fmt"
	"regexp"
	"strings"

	"assay/pebble/presets"
)

// What an atlas compares if it compares no versions of [Module].
const (
	Toolchains = "Go"
	GODEBUG    = "GODEBUG"
	CAs        = "CA"
)

// An Axis names what differs between settings, in place of the version of [Module]. At most
// one of its fields has items.
type Axis struct {
	Go      []string // toolchains, such as "go1.27.1"
	GODEBUG []string // values that the target runs with, such as "tlsmlkem=0"
	CA      []string // names of presets, or "all" alone
}

// Settings returns what is compared, as an atlas calls it, and the settings in the order of
// the axis. An axis without items has none. Errors name the flag.
func (a Axis) Settings() (compared string, all []Setting, err error) {
	switch {
	case len(a.Go) > 0 && len(a.GODEBUG) > 0, len(a.Go)+len(a.GODEBUG) > 0 && len(a.CA) > 0:
		return "", nil, fmt.Errorf("found several of --go, --godebug and --ca, expected one: " +
			"a difference would have several possible causes")
	case len(a.Go) > 0:
		compared = Toolchains
		all, err = a.toolchains()
	case len(a.GODEBUG) > 0:
		compared = GODEBUG
		all, err = a.debugValues()
	case len(a.CA) > 0:
		compared = CAs
		all, err = a.presets()
	default:
		return "", nil, nil
	}
	if err != nil {
		return "", nil, err
	}
	seen := map[string]bool{}
	for _, s := range all {
		if seen[s.Name] {
			return "", nil, fmt.Errorf("found %s a second time, expected it once", s.Name)
		}
		seen[s.Name] = true
	}
	if len(all) == 1 {
		return "", nil, fmt.Errorf("found %s alone, expected another one to compare it with",
			all[0].Name)
	}
	return compared, all, nil
}

var toolchainName = regexp.MustCompile(`^go1\.\d+(\.\d+)?((rc|beta)\d+)?$`)

func (a Axis) toolchains() (all []Setting, err error) {
	for _, v := range a.Go {
		if !toolchainName.MatchString(v) {
			return nil, fmt.Errorf("--go: found %q, expected toolchains such as go1.27.1", v)
		}
		all = append(all, Setting{Name: v, Go: v})
	}
	return all, nil
}

// debugValue matches what GODEBUG may be set to here. It becomes a file name.
var debugValue = regexp.MustCompile(`^[a-z0-9]+=[a-z0-9]+(,[a-z0-9]+=[a-z0-9]+)*$`)

func (a Axis) debugValues() ([]Setting, error) {
	all := []Setting{{Name: "none"}}
	for _, v := range a.GODEBUG {
		if !debugValue.MatchString(v) {
			return nil, fmt.Errorf("--godebug: found %q, expected settings such as tlsmlkem=0", v)
		}
		all = append(all, Setting{Name: v, Env: []string{"GODEBUG=" + v}})
	}
	return all, nil
}

func (a Axis) presets() (all []Setting, err error) {
	names := a.CA
	if len(names) == 1 && names[0] == "all" {
		names = presets.Names()
	}
	for _, name := range names {
		if _, ok := presets.Find(name); !ok {
			return nil, fmt.Errorf("--ca: found %q, expected all, or some of %s",
				name, strings.Join(presets.Names(), ", "))
		}
		all = append(all, Setting{Name: name, CA: name})
	}
	return all, nil
}
