package world

func newOpener(r *Run) (opener, error) {
	if r.plan.Kind == Namespace {
		return newNamespaceOpener(r)
	}
	return newLoopbackOpener(r), nil
}
