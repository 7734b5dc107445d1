-- What a piece costs, and from when to when, as dropped files say: of a SKU or of all SKUs of a product, in one store or (store '') in
-- all. Where two rows, under two products, give one SKU a cost from the same day on, the row that was read later holds. One row per
-- store, item_kind, item and valid_from.
with

told as (

    select
        store_id,
        case when sku_id <> '' then 'sku' else 'product' end as item_kind,
        case when sku_id <> '' then sku_id else product_id end as item_id,
        valid_from,
        unit_cost,
        currency,
        row_number() over (
            partition by store_id, case when sku_id <> '' then 'sku' else 'product' end,
                case when sku_id <> '' then sku_id else product_id end, valid_from
            order by read_at desc, product_id desc
        ) as turn
    from {{ source('raw_daybook', 'dropped_costs') }}

)

select
    store_id,
    item_kind,
    item_id,
    valid_from,
    lead(valid_from, 1, date '9999-12-31') over (partition by store_id, item_kind, item_id order by valid_from) as valid_until,
    unit_cost,
    currency
from told
where turn = 1
