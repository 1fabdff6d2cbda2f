import Columnar

extension ColumnEncoder {
    /// Copies rows to the page that is being filled.
    ///
    /// - Parameters:
    ///   - rows: rows of the view; together with the staged ones not more than a page.
    ///   - mapping: scratch space for strings.
    func stage(_ view: ColumnView, rows: Range<Int>, mapping: inout Buffer<UInt32>) {
        let before = staged.count / elementSize
        switch view.values {
        case .boolean(let v): append(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: v[rows])))
        case .int32(let v): append(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: v[rows])))
        case .int64(let v): append(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: v[rows])))
        case .double(let v): append(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: v[rows])))
        case .symbols(let v): append(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: v[rows])))
        case .strings(let codes, let strings):
            stage(codes, strings, view.validity, rows: rows, mapping: &mapping)
        }
        guard definition.isNullable else { return }
        if let flags = view.validity {
            // Rows before this one may have come without flags.
            stagedValidity.append(repeating: true, count: max(0, before - stagedValidity.count))
            stagedValidity.append(contentsOf: UnsafeBufferPointer(rebasing: flags[rows]))
        } else if !stagedValidity.isEmpty {
            stagedValidity.append(repeating: true, count: rows.count)
        }
    }

    private func append(_ raw: UnsafeRawBufferPointer) {
        raw.withMemoryRebound(to: UInt8.self) { staged.append(contentsOf: $0) }
    }

    /// Strings enter the pool, and the page holds their indices there.
    private func stage(
        _ codes: UnsafeBufferPointer<UInt32>, _ strings: [String], _ validity: UnsafeBufferPointer<Bool>?,
        rows: Range<Int>, mapping: inout Buffer<UInt32>
    ) {
        // A column of one string, such as the symbol of a partition, needs no look at its rows.
        if validity == nil, strings.count == 1 {
            let index = pool.index(of: strings[0])
            staged.append(count: rows.count * 4) { target in
                target.withMemoryRebound(to: UInt32.self) { $0.update(repeating: index) }
            }
            stagedStringBytes += rows.count * pool.length(of: Int(index))
            return
        }
        let unknown = UInt32.max
        mapping.removeAll()
        mapping.append(repeating: unknown, count: strings.count)
        staged.append(count: rows.count * 4) { target in
            target.withMemoryRebound(to: UInt32.self) { target in
                var bytes = 0
                for (i, row) in rows.enumerated() {
                    guard validity?[row] ?? true else {
                        target[i] = 0
                        continue
                    }
                    let code = Int(codes[row])
                    var index = mapping[code]
                    if index == unknown {
                        index = pool.index(of: strings[code])
                        mapping[code] = index
                    }
                    target[i] = index
                    bytes += pool.length(of: Int(index))
                }
                stagedStringBytes += bytes
            }
        }
    }

    /// The page ends here, however few rows it has.
    var isFullOfStrings: Bool { stagedStringBytes >= Limits.pageStringBytes }

    /// The first of the view's values.
    func rawValues(_ view: ColumnView) -> UnsafeRawPointer {
        switch view.values {
        case .boolean(let v): UnsafeRawPointer(v.baseAddress!)
        case .int32(let v): UnsafeRawPointer(v.baseAddress!)
        case .int64(let v): UnsafeRawPointer(v.baseAddress!)
        case .double(let v): UnsafeRawPointer(v.baseAddress!)
        case .symbols(let v): UnsafeRawPointer(v.baseAddress!)
        case .strings(let v, _): UnsafeRawPointer(v.baseAddress!)
        }
    }

    /// Encodes the staged rows as a page.
    func encodeStaged(_ scratch: PageScratch, to arena: PageArena) {
        let rowCount = staged.count / elementSize
        staged.withUnsafeElements { bytes in
            stagedValidity.withUnsafeElements { flags in
                encode(
                    ColumnSlice(
                        values: UnsafeRawPointer(bytes.baseAddress!),
                        validity: flags.isEmpty ? nil : flags.baseAddress, rowCount: rowCount),
                    scratch, to: arena)
            }
        }
        staged.removeAll()
        stagedValidity.removeAll()
        stagedStringBytes = 0
        // Without a dictionary the strings are those of the page.
        if choice == .direct, pool.count > 0 { pool.removeAll() }
    }

    /// How many of the rows fit before the page's strings take too many bytes: at least one.
    func rowsThatFit(_ view: ColumnView, rows: Range<Int>, longest: Int) -> Int {
        guard case .strings(let codes, let strings) = view.values,
            stagedStringBytes + rows.count * longest > Limits.pageStringBytes
        else { return rows.count }
        var bytes = stagedStringBytes
        for (n, row) in rows.enumerated() where view.validity?[row] ?? true {
            bytes += strings[Int(codes[row])].utf8.count
            if bytes >= Limits.pageStringBytes { return n + 1 }
        }
        return rows.count
    }
}
