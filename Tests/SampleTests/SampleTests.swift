import Sample
import Testing
