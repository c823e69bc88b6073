"""Appeals: a new hearing by more and different reviewers, who decide facts; the law decides the verdict anew."""
