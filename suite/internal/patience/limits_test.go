package patience

import (
	"testing"
	"time"
)

func TestLimitsFollowPatienceAndStart(t *testing.T) {
	plain := LimitsFor(20*time.Second, 0)
	if plain.Usual != 20*time.Second || plain.Prompt != 5*time.Second ||
		plain.Schedule != 90*time.Second {
		t.Errorf("found %+v, expected the usual limits", plain)
	}
	patient := LimitsFor(time.Minute, 0)
	if patient.Usual != time.Minute || patient.Prompt != 15*time.Second ||
		patient.Schedule != 270*time.Second ||
		patient.Vain != 9*time.Second || patient.Change != 3*time.Second {
		t.Errorf("found %+v, expected every limit three times as long", patient)
	}
	if hasty := LimitsFor(10*time.Second, 0); hasty.Usual != 10*time.Second ||
		hasty.Prompt != plain.Prompt {
		t.Errorf("found %+v, expected a shorter Usual and no other change", hasty)
	}
	slow := LimitsFor(20*time.Second, 6*time.Second)
	if slow.Usual != 24*time.Second || slow.Prompt != 17*time.Second || slow.Change != 13*time.Second {
		t.Errorf("found %+v, expected limits that grow with a start of 6 s", slow)
	}
	if slow.SpecAtLeast < 8*slow.Usual {
		t.Errorf("found %s for a spec, expected room for eight waits of %s", slow.SpecAtLeast, slow.Usual)
	}
}

func TestLimitsFromTheEnvironment(t *testing.T) {
	t.Setenv(Variable, "40s")
	t.Setenv(StartVariable, "15s")
	if l, err := FromEnvironment(); err != nil || l.Usual != time.Minute || l.Start != 30*time.Second {
		t.Errorf("found %+v (%v), expected four starts and twice the start", l, err)
	}
	for name, bad := range map[string]string{Variable: "soon", StartVariable: "-1s"} {
		t.Setenv(Variable, "")
		t.Setenv(StartVariable, "")
		t.Setenv(name, bad)
		if l, err := FromEnvironment(); err == nil || l.Usual != 20*time.Second {
			t.Errorf("%s=%s: found %+v (%v), expected an error and the usual limits", name, bad, l, err)
		}
	}
}
