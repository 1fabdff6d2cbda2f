import Tables

/// Samples the averages of the timeframes at each row of the 10 s grid. Source: spec/recorder.md 5.5, fields of
/// `tf_indicators_10s`.
public struct TimeframeSampler: Sendable {
    private var frames: [Frame] = []
    private let confluenceReference: Double

    private struct Frame: Sendable {
        let timeframe: TfIndicators10s.Timeframe
        var track: IndicatorTrack
        var history = RowHistory<AverageStructure.Averages>()
    }

    /// - Parameter indicators: all timeframes of one session; within each, ascending by bar.
    /// - Parameter parameters: the recorder's.
    public init(indicators: [BarIndicators.Row], _ parameters: RecorderParameters) {
        confluenceReference = parameters.emaConfluenceRef
        // In the order of rows: ascending by the timeframe's name.
        let sampled: [(BarIndicators.Timeframe, TfIndicators10s.Timeframe)] =
            [(.tf1m, .tf1m)] + (parameters.samples2m ? [(.tf2m, .tf2m)] : []) + [(.tf30s, .tf30s)]
        for (source, timeframe) in sampled {
            frames.append(
                Frame(timeframe: timeframe, track: IndicatorTrack(indicators.filter { $0.timeframe == source })))
        }
    }

    /// The rows of each timeframe at the next row of the grid.
    public mutating func sample(at state: State10s.Row) -> [TfIndicators10s.Row] {
        frames.indices.map { index in
            let averages = AverageStructure.Averages(frames[index].track.inForce(at: state.timestamp))
            frames[index].history.append(averages)
            let structure = AverageStructure(
                averages, earlier: frames[index].history[lag: 6], lastPrice: state.lastPrice, atr: state.atrValue,
                confluenceReference: confluenceReference)
            return TfIndicators10s.Row(
                sessionId: state.sessionId, timestamp: state.timestamp, timeframe: frames[index].timeframe,
                ready: averages.isReady, ema9: averages.ema9, ema20: averages.ema20, ema30: averages.ema30,
                ema200: averages.ema200,
                slopeEma960s: structure.slope9, slopeEma2060s: structure.slope20, slopeEma3060s: structure.slope30,
                emaSpread920: structure.spread920, emaSpread2030: structure.spread2030,
                compressionIndex: structure.compression, emaConfluenceScore: structure.confluence,
                stackState: TfIndicators10s.StackState(structure.stack), priceVsEmas: structure.priceAbove,
                stretch200Atr: structure.stretch200)
        }
    }
}

extension TfIndicators10s.StackState {
    init(_ stack: AverageStructure.Stack) {
        self =
            switch stack {
            case .bull: .bull
            case .bear: .bear
            case .mixed: .mixed
            }
    }
}
