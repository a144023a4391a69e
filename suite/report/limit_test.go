package report

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestJoinLimits(t *testing.T) {
	t.Parallel()
	orders := func(peak float64, in string, refusals ...Refusal) Limit {
		return Limit{Name: "orders", Most: 300, Peak: peak, Nearest: in, Refusals: refusals}
	}
	first := []Limit{orders(2, "A-01", Refusal{In: "A-01", Day: 5})}
	got := JoinLimits(first, nil,
		[]Limit{orders(7, "A-02", Refusal{In: "A-02", Day: 1}), {Name: "failures", Peak: 1}},
		[]Limit{orders(3, "A-03", Refusal{In: "A-03", Day: 5})})
	want := []Limit{
		orders(7, "A-02", Refusal{In: "A-02", Day: 1}, Refusal{In: "A-01", Day: 5},
			Refusal{In: "A-03", Day: 5}),
		{Name: "failures", Peak: 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(first[0].Refusals) != 1 {
		t.Error("a part was changed")
	}
}
