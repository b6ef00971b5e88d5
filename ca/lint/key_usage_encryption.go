package lint

// keyUsageEncryption: an encryption certificate has keyEncipherment, dataEncipherment and keyAgreement, and never signs.
func keyUsageEncryption() Lint {
	return Lint{
		Name:     "key_usage_encryption",
		Clause:   "GB/T 20518-2018; GM/T 0015",
		About:    "an encryption certificate has keyEncipherment, dataEncipherment and keyAgreement, and never signs",
		Severity: Error,
		Applies:  only(dualEncrypt),
		Check:    wrongUsage,
	}
}
