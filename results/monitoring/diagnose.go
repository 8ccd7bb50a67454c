package monitoring

import "embed"

// diagnoseDir has what watches the metrics of `lab99 diagnose --listen`. The texts are made
// by this package's tests (-update) and live in the tree, so that they can be had without
// the program.
const diagnoseDir = "diagnose"

//go:embed diagnose
var diagnoseFiles embed.FS

// OfDiagnose are the alert rules and the dashboard for the metrics of `lab99 diagnose
// --listen`. Unlike those of a run they know no limits: the metrics have them.
func OfDiagnose() (files []File) {
	for _, name := range []string{RulesFile, DashboardFile} {
		text, err := diagnoseFiles.ReadFile(diagnoseDir + "/" + name)
		if err != nil {
			panic(err) // the build put it there
		}
		files = append(files, File{name, text})
	}
	return files
}
