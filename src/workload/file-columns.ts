/**
 * What the usual exports call their columns, and what the words in them mean: one table, and nothing but that. Who reads a file asks here; a name or a word that is
 * missing is added here.
 *
 * Names are compared without case, spaces and punctuation, the likeliest first. A name that means other things elsewhere is taken only beside another.
 */
import type { Alias, ColumnWish } from "./csv-table.ts"
import { bare } from "./csv-table.ts"

/** The columns an order file is read for, as the command line calls them. */
export const OrderColumn = [
  "invoice",
  "sku",
  "quantity",
  "date",
  "customer",
  "description",
  "status",
  "cancelledAt",
  "cancelledQuantity",
  "returnedQuantity",
] as const
/** `otherDate` can't be named: it only helps to see how a file writes its dates. */
export type OrderColumn = (typeof OrderColumn)[number] | "otherDate"

/** The columns a stock file is read for. */
export const StockColumn = ["sku", "quantity", "location"] as const
export type StockColumn = (typeof StockColumn)[number]

const shopify = (name: string): Alias => ({ name, beside: "Lineitem sku" })

const skuAliases: ReadonlyArray<Alias> = [
  "StockCode",
  "sku",
  "product_sku",
  "item_sku",
  "variant_sku",
  "lineitem_sku",
  "seller_sku",
  "merchant_sku",
  "order_item_sku",
  "product_code",
  "item_code",
  "item_number",
  "article_number",
  "Artikelnummer",
  "Artikel-Nr.",
  "ArtNr",
  "product_id",
  "item_id",
  "asin",
  "product",
  "item",
  "article",
  "Artikel",
]

const orderAliases: Readonly<Record<OrderColumn, ReadonlyArray<Alias>>> = {
  invoice: [
    // Shopify's order number; elsewhere the name of a person or a product.
    shopify("Name"),
    "InvoiceNo",
    "Invoice",
    "invoice_id",
    "invoice_number",
    "amazon_order_id",
    // Magento's number for people; its order_id beside it is the table's.
    "increment_id",
    "order_number",
    "order_no",
    "order_id",
    "Order #",
    "order_name",
    "order",
    "purchase_order",
    "receipt",
    "receipt_number",
    "receipt_no",
    "transaction_id",
    "Auftragsnummer",
    "Bestellnummer",
    "Bestell-Nr.",
    "Rechnungsnummer",
    "Belegnummer",
  ],
  sku: skuAliases,
  quantity: [
    "Quantity",
    "qty",
    "lineitem_quantity",
    "qty_ordered",
    "ordered_qty",
    "quantity_ordered",
    "quantity_purchased",
    "item_quantity",
    "item_qty",
    "product_quantity",
    "quantity_sold",
    "qty_sold",
    "units",
    "units_sold",
    "Menge",
    "Anzahl",
    "Stückzahl",
  ],
  date: [
    "InvoiceDate",
    "order_date",
    "purchase_date",
    "order_purchase_timestamp",
    "order_created_at",
    "created_at",
    "date_created",
    "ordered_at",
    "placed_at",
    "sold_at",
    "purchased_on",
    "sale_date",
    "date/time",
    "date",
    "datetime",
    "date_time",
    "timestamp",
    "time",
    "Bestelldatum",
    "Auftragsdatum",
    "Rechnungsdatum",
    "Datum",
    // Olist's order items know no other.
    "shipping_limit_date",
  ],
  customer: [
    "CustomerID",
    "customer",
    "customer_no",
    "customer_number",
    "client_id",
    "buyer_id",
    "buyer",
    "user_id",
    "customer_email",
    "billing_email",
    "buyer_email",
    "email",
    "Kundennummer",
    "Kunde",
  ],
  description: ["Description", "product_name", "item_name", "lineitem_name", "title", "product_title", "Bezeichnung", "Artikelbezeichnung"],
  status: [
    "order_status",
    "status",
    "financial_status",
    "payment_status",
    "item_status",
    "line_status",
    "Bestellstatus",
    "Auftragsstatus",
    "Zahlungsstatus",
  ],
  cancelledAt: [
    "cancelled_at",
    "canceled_at",
    "cancelled_on",
    "canceled_on",
    "cancelled_date",
    "canceled_date",
    "cancellation_date",
    "voided_at",
  ],
  cancelledQuantity: [
    "qty_canceled",
    "qty_cancelled",
    "canceled_qty",
    "cancelled_qty",
    "quantity_canceled",
    "quantity_cancelled",
    "canceled_quantity",
    "cancelled_quantity",
  ],
  returnedQuantity: [
    "qty_refunded",
    "refunded_qty",
    "quantity_refunded",
    "refunded_quantity",
    "refund_qty",
    "qty_returned",
    "returned_qty",
    "quantity_returned",
    "returned_quantity",
  ],
  otherDate: [
    "ship_date",
    "shipped_at",
    "shipped_on",
    "shipping_date",
    "delivery_date",
    "delivered_at",
    "paid_at",
    "payments_date",
    "payment_date",
    "due_date",
    "fulfilled_at",
    "updated_at",
    "Lieferdatum",
  ],
}

const many: ReadonlySet<OrderColumn> = new Set(["status", "cancelledAt", "cancelledQuantity", "returnedQuantity", "otherDate"])

/** What is looked for in an order file; `unitRows`: each row is one unit, and no quantity is looked for. */
export const orderWishes = (unitRows: boolean): ReadonlyArray<ColumnWish<OrderColumn>> =>
  [...OrderColumn, "otherDate" as const]
    .filter((name) => !(unitRows && name === "quantity"))
    .map((name) => ({
      name,
      aliases: orderAliases[name],
      required: name === "invoice" || name === "sku" || name === "quantity" || name === "date",
      ...(many.has(name) ? { many: true as const } : {}),
    }))

/** What is looked for in a stock file. */
export const stockWishes: ReadonlyArray<ColumnWish<StockColumn>> = [
  { name: "sku", aliases: skuAliases, required: true },
  {
    name: "quantity",
    aliases: [
      "on_hand",
      "qty_on_hand",
      "quantity_on_hand",
      "qty",
      "quantity",
      "stock",
      "stock_level",
      "stock_quantity",
      "in_stock",
      "inventory",
      "inventory_quantity",
      "variant_inventory_qty",
      "inventory_level",
      "afn_fulfillable_quantity",
      "quantity_available",
      "available",
      "units",
      "count",
      "Bestand",
      "Lagerbestand",
      "Menge",
    ],
    required: true,
  },
  {
    name: "location",
    aliases: [
      "location",
      "location_id",
      "location_name",
      "warehouse",
      "warehouse_id",
      "warehouse_code",
      "source_code",
      "store",
      "site",
      "branch",
      "fulfillment_center_id",
      "Lager",
      "Lagerort",
      "Filiale",
    ],
    required: false,
  },
]

/** A file whose columns say what made it, and what then holds of it and of no other. */
interface FileShape {
  readonly name: string
  /** It has one name of each of these. */
  readonly columns: ReadonlyArray<ReadonlyArray<string>>
  /** Codes that are no goods. */
  readonly notGoods?: ReadonlyArray<string>
  /** What is below zero without being a cancellation was counted or written off, and not given back. */
  readonly belowZeroIsCount?: true
  /** More words of its status that say nothing was sold. */
  readonly notSold?: ReadonlyArray<string>
}

/** Known files, the closer description first. */
const shapes: ReadonlyArray<FileShape> = [
  {
    name: "UCI Online Retail",
    columns: [
      ["InvoiceNo", "Invoice"],
      ["StockCode"],
      ["Description"],
      ["Quantity"],
      ["InvoiceDate"],
      ["UnitPrice", "Price"],
      ["Customer ID"],
      ["Country"],
    ],
    notGoods: [
      ...["POST", "POSTAGE", "DOT", "C2", "C3", "D", "M", "S", "CRUK", "PADS", "BANK CHARGES", "AMAZONFEE", "ADJUST*", "GIFT", "GIFT_*"],
      ...["SHIPPING", "DISCOUNT", "FEE"],
    ],
    belowZeroIsCount: true,
  },
  { name: "Shopify orders", columns: [["Lineitem sku"], ["Lineitem quantity"]] },
  {
    name: "Magento order items",
    columns: [["qty_ordered"], ["qty_canceled", "qty_refunded", "qty_invoiced", "qty_shipped"]],
    notSold: ["closed", "fraud"],
  },
  { name: "Amazon orders", columns: [["amazon-order-id", "order-item-id"], ["purchase-date"], ["quantity", "quantity-purchased"]] },
  {
    name: "WooCommerce orders",
    columns: [["Order Number", "order_id"], ["Order Status"], ["Order Date"], ["Quantity", "Qty", "Item Quantity"]],
    notSold: ["trash", "draft"],
  },
  { name: "Olist order items", columns: [["order_id"], ["order_item_id"], ["product_id"], ["seller_id"]] },
]

/** The known shape that a header has. */
export const shapeOf = (header: ReadonlyArray<string>): FileShape | null => {
  const names = new Set(header.map(bare))
  return shapes.find(({ columns }) => columns.every((some) => some.some((name) => names.has(bare(name))))) ?? null
}

/** Words of a status, whole and in any case, with or without their accents, that say nothing of the line was sold; in the languages of exports seen. */
export const notSoldWords: ReadonlyArray<string> = [
  ...[
    "cancelled",
    "canceled",
    "void",
    "voided",
    "refunded",
    "failed",
    "declined",
    "rejected",
    "unavailable",
    "expired",
    "returned",
    "chargeback",
  ],
  ...["refund", "cancel", "cancellation", "reversed"],
  ...["storniert", "storno", "stornierung", "annulliert", "abgebrochen", "erstattet", "rückerstattet", "fehlgeschlagen", "abgelehnt"],
  ...["retourniert", "zurückgegeben", "zurückgezogen"],
  ...["annulé", "annulée", "annulation", "remboursé", "remboursée", "échoué", "échouée", "refusé", "refusée", "retourné", "retournée"],
  ...["cancelado", "cancelada", "anulado", "anulada", "reembolsado", "reembolsada", "devuelto", "devuelta", "rechazado", "rechazada"],
  ...["fallido", "fallida", "estornado", "estornada", "devolvido", "devolvida", "recusado", "recusada"],
  ...["annullato", "annullata", "stornato", "stornata", "rimborsato", "rimborsata", "rifiutato", "rifiutata", "fallito", "fallita"],
  ...["geannuleerd", "terugbetaald", "mislukt", "geweigerd", "geretourneerd"],
  ...["anulowane", "anulowany", "anulowano", "anulowana", "zwrócone", "zwrócony", "zwrot", "odrzucone", "odrzucony"],
]

/** Values of a column of cancellations that aren't dates and say all the same that it was one. */
export const yesWords: ReadonlySet<string> = new Set(["yes", "y", "true", "x", "1", "ja", "oui", "si", "sim", "tak"])

/** Words beside which those above say less: units of it were sold, and how many isn't in the status. */
export const partlyWords: ReadonlyArray<string> = [
  "partial",
  "partially",
  "partly",
  "not",
  "never",
  "teilweise",
  "nicht",
  "partiellement",
  "parcialmente",
  ...["non", "jamais", "no", "nunca", "parzialmente", "niet", "gedeeltelijk", "nie", "częściowo"],
]

/** Words of a status that say a line was sold, or will be: so that what isn't known of it can be told apart. */
export const soldWords: ReadonlyArray<string> = [
  ...[
    "paid",
    "completed",
    "complete",
    "processing",
    "shipped",
    "unshipped",
    "delivered",
    "pending",
    "authorized",
    "fulfilled",
    "unfulfilled",
  ],
  ...[
    "invoiced",
    "created",
    "approved",
    "new",
    "open",
    "closed",
    "hold",
    "holded",
    "onhold",
    "archived",
    "delivering",
    "confirmed",
    "picked",
    "partially",
  ],
  ...["bezahlt", "versendet", "versandt", "abgeschlossen", "offen", "bearbeitung", "geliefert", "neu"],
  ...["payé", "payée", "expédié", "expédiée", "livré", "livrée", "terminé", "terminée"],
  ...["pagado", "pagada", "enviado", "enviada", "entregado", "entregada", "completado", "completada", "pago", "paga", "entregue"],
  ...["pagato", "pagata", "spedito", "spedita", "consegnato", "consegnata", "completato", "completata"],
  ...["betaald", "verzonden", "bezorgd", "voltooid", "opłacone", "wysłane", "dostarczone", "zrealizowane"],
]

/** Quantities of a stock file that say a SKU isn't kept there. */
export const notStockedWords: ReadonlySet<string> = new Set(["notstocked", "notstockedhere", "untracked", "nottracked"])

/** Whether the name of a column says that it may tell of cancellations, returns or states: when it isn't used, that is said. */
export const tellsOfStatus = (name: string): boolean => /status|cancel|void|refund|return|storn|annul|retoure/i.test(name)

/** A SKU as a spreadsheet shows a long number: many numbers look like it, and which one it was is lost. */
export const spreadsheetNumber = /^[+-]?\d(?:[.,]\d+)?E\+\d{2,3}$/i
