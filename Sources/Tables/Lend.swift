import Columnar

// A column's view outside of `withView`: it points at memory that the column owns and that stays where it is while
// nobody changes the column. The generated `withViews` borrows the whole table until its caller's closure has
// returned, and is the only user. A plain call a column instead of a nest of closures: the compiler's ownership
// checks take time quadratic in closures over the columns of one table (20 s for 104 columns, with this 1 s).

func lend<Element: ColumnElement>(_ column: borrowing Column<Element>) -> ColumnView {
    column.withView { (view: ColumnView) -> ColumnView in view }
}

func lend<Element: ColumnElement>(_ column: borrowing OptionalColumn<Element>) -> ColumnView {
    column.withView { (view: ColumnView) -> ColumnView in view }
}

func lend<Symbol: ColumnSymbol>(_ column: borrowing SymbolColumn<Symbol>) -> ColumnView {
    column.withView { (view: ColumnView) -> ColumnView in view }
}

func lend<Symbol: ColumnSymbol>(_ column: borrowing OptionalSymbolColumn<Symbol>) -> ColumnView {
    column.withView { (view: ColumnView) -> ColumnView in view }
}

func lend(_ column: borrowing StringColumn) -> ColumnView {
    column.withView { (view: ColumnView) -> ColumnView in view }
}

func lend(_ column: borrowing OptionalStringColumn) -> ColumnView {
    column.withView { (view: ColumnView) -> ColumnView in view }
}
