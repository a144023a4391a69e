package scenarios

// Rows returns the cases of a requirement. A requirement without a table has one
// row, the zero [Case].
func (r Requirement) Rows() []Case {
	if len(r.Cases) == 0 {
		return []Case{{}}
	}
	return r.Cases
}
