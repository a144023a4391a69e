package report

// Evidence holds what a person needs to understand and to repeat a result. It
// is not masked and never compared; secrets are redacted.
type Evidence struct {
	// Dir is the directory of the files, relative to the report, with slashes.
	Dir    string     `json:"dir,omitempty"`
	Config string     `json:"config,omitempty"` // the target's configuration file
	Log    []string   `json:"log,omitempty"`    // lines that the target wrote
	ACME   []Exchange `json:"acme,omitempty"`   // the journal of the CA
	Repeat string     `json:"repeat,omitempty"` // command that repeats the result
}

// Exchange is one entry of the journal of the CA.
type Exchange struct {
	TMS    int64  `json:"t_ms"` // milliseconds since the spec began
	From   string `json:"from"`
	To     string `json:"to"`
	What   string `json:"what"` // "POST newOrder"
	Status int    `json:"status,omitempty"`
	Detail string `json:"detail,omitempty"` // type and detail of a problem document
	Fault  string `json:"fault,omitempty"`  // the fault that the edge injected
}
