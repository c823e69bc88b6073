"""What several tests share: real repositories, the conformance data."""
