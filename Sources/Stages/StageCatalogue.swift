/// The code behind the stages of the registry, by name.
public enum StageCatalogue {
    static let stages: [any Stage.Type] = [
        BronzeMbo.self, BronzeDefinition.self, BronzeStatistics.self, BronzeOptionMbo.self, BronzeOptionQuotes.self,
        BronzeTaq.self,
        RefSessions.self, RefIngest.self,
        SilverBook.self, SilverBookEvents.self, SilverContractDay.self, SilverOptionBook.self,
        SilverClassifyTrades.self, SilverState1s.self, SilverBars.self, SilverBarIndicators.self, SilverState10s.self,
        GoldSmartMoney.self, GoldLevelSpine.self, GoldEpisodes.self, GoldLabelEpisodes.self,
        GoldLevelInteractions.self, GoldPackets.self, GoldChains.self,
        GoldPhysics.self, GoldOptionPhysics.self, GoldForecast.self,
    ]

    public static var names: [String] { stages.map { $0.name } }

    /// The stage of a registry entry; nil when there is no code of this name.
    public static func stage(named name: String) -> (any Stage)? {
        stages.first { $0.name == name }?.init()
    }
}
