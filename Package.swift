// swift-tools-version: 6.2
import PackageDescription

/// Every Swift target of the project is built alike: warnings are errors.
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

/// A target whose storage types hand out spans of themselves.
let spans: [SwiftSetting] = strict + [.enableExperimentalFeature("Lifetimes")]

/// A room of the house. The dependency list is the architecture: data flows down, nothing imports upward.
func room(
    _ name: String, _ dependencies: [Target.Dependency] = [], swiftSettings: [SwiftSetting] = strict,
    plugins: [Target.PluginUsage] = []
) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: swiftSettings, plugins: plugins)
}

/// The tests of one room.
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: spans)
}

let package = Package(
    name: "tarn",
    products: [.executable(name: "tarn", targets: ["tarn"])],
    targets: [
        // Libraries of the system, each behind a module map.
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
        .systemLibrary(name: "CSnappy", pkgConfig: "snappy", providers: [.apt(["libsnappy-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CJansson", pkgConfig: "jansson", providers: [.apt(["libjansson-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "CSystem"),

        // Ground: values without a domain.
        room("JSON", ["CJansson"]),
        room("Digest", ["CCrypto"]),
        room("CivilTime"),
        room("FixedMath"),
        room("Columnar", swiftSettings: spans),
        room("Terminal"),
        room("Arguments", ["Terminal"]),

        // Formats.
        room("Parquet", ["Columnar", "CZstd", "CLZ4", "CSnappy", "CZlib"], swiftSettings: spans),
        room("Decompression", ["CZstd", "CZlib"]),
        room("CSV", ["Decompression"]),
        room("DBN", ["CivilTime", "CZstd", "Decompression"], swiftSettings: spans),
        room("Contracts", ["Columnar", "JSON", "Digest"]),
        room("Tables", ["Columnar", "Contracts"], plugins: ["ContractTables"]),
        room("Lake", ["Columnar", "Contracts", "Parquet", "JSON", "Digest", "CivilTime", "CYAML", "CSystem"]),

        // Pure engines: no files, clocks, randomness.
        room("OrderBook", ["Columnar", "CSystem"], swiftSettings: spans),
        room("Physics", ["Columnar", "FixedMath"], swiftSettings: spans),
        room("MarketState", ["Tables", "Columnar", "FixedMath", "CivilTime"]),

        // What people tell the recorder: sessions, levels, markers, labels.
        room("Reference", ["Tables", "Columnar", "Lake", "CSV", "Parquet", "JSON", "CivilTime"]),

        // Where engines meet tables, and what runs them.
        room(
            "Stages",
            [
                "Tables", "Columnar", "Lake", "DBN", "CSV", "Parquet", "OrderBook", "Physics", "MarketState",
                "Reference", "CivilTime", "Contracts",
            ],
            swiftSettings: spans),
        room("Reports", ["Tables", "CSV", "Columnar", "Lake", "Contracts", "Parquet", "MarketState", "JSON", "CivilTime"]),
        room("Sample", ["DBN", "CivilTime"]),
        room(
            "Pipeline",
            [
                "Stages", "Reference", "Tables", "Lake", "DBN", "CSV", "Parquet", "OrderBook", "Physics", "Contracts", "JSON",
                "CivilTime", "Digest",
            ]),
        .executableTarget(
            name: "tarn",
            dependencies: [
                "Pipeline", "Stages", "Reference", "Reports", "Sample", "Lake", "DBN", "CSV", "Parquet", "OrderBook",
                "Contracts", "JSON", "CivilTime", "Columnar", "Tables", "Arguments", "Terminal",
            ],
            swiftSettings: strict),

        // contracts/*.avsc become Swift types.
        .executableTarget(name: "contractgen", dependencies: ["Contracts", "Columnar"], swiftSettings: strict),
        .plugin(name: "ContractTables", capability: .buildTool(), dependencies: ["contractgen"]),

        // Measure the book and the file formats; see Benchmarks/run.
        .executableTarget(
            name: "bench-book", dependencies: ["OrderBook", "Columnar", "CZstd"], path: "Benchmarks/book",
            swiftSettings: spans),
        .executableTarget(
            name: "bench-formats", dependencies: ["Parquet", "DBN", "Columnar"], path: "Benchmarks/formats",
            swiftSettings: spans),

        // One folder of tests a room, in the order of the rooms.
        tests("JSONTests", ["JSON"]),
        tests("CivilTimeTests", ["CivilTime"]),
        tests("FixedMathTests", ["FixedMath"]),
        tests("ColumnarTests", ["Columnar"]),
        tests("TerminalTests", ["Terminal"]),
        tests("ArgumentsTests", ["Arguments"]),
        tests("ParquetTests", ["Parquet", "Columnar", "Digest"]),
        tests("DBNTests", ["DBN", "CivilTime", "CZstd"]),
        tests("ContractsTests", ["Contracts", "Columnar", "JSON"]),
        tests("ContractGenTests", ["contractgen"]),
        tests("TablesTests", ["Tables", "Contracts", "Columnar"]),
        .target(name: "CFaults", path: "Tests/CFaults"),
        tests("LakeTests", ["Lake", "Contracts", "Parquet", "JSON", "Digest", "CivilTime", "Columnar", "CFaults"]),
        tests("FuzzTests", ["DBN", "Parquet", "Contracts", "Lake", "JSON", "Columnar"]),
        tests("OrderBookTests", ["OrderBook", "Columnar", "CZstd"]),
        tests("PhysicsTests", ["Physics", "FixedMath", "Columnar"]),
        tests("MarketStateTests", ["MarketState", "Tables", "FixedMath", "CivilTime"]),
        tests("ReferenceTests", ["Reference", "Tables", "Lake", "JSON", "CivilTime", "Parquet", "Columnar"]),
        tests("SampleTests", ["Sample", "DBN", "CivilTime"]),
        tests("StagesTests", ["Stages", "CivilTime"]),
        tests("CSVTests", ["CSV"]),
        tests("TarnTests", ["tarn", "Pipeline", "Lake", "DBN", "JSON", "CivilTime", "Contracts"]),
        tests("HouseTests", []),
    ],
    swiftLanguageModes: [.v6]
)
