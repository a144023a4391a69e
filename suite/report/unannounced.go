package report

// Unannounced is the name of the observation that holds the warnings that a
// server gave when it started, of a kind "log", in a spec that provokes none.
// They are shown with the verdict and judge nothing.
const Unannounced = "warnings at start that no spec announced"

// unannounced are the lines of such observations.
func (r *Result) unannounced() []string {
	var lines []string
	for _, o := range r.Observations {
		if values, ok := o.Value.([]any); ok && o.Name == Unannounced {
			for _, v := range values {
				if line, ok := v.(string); ok {
					lines = append(lines, line)
				}
			}
		}
	}
	return lines
}
