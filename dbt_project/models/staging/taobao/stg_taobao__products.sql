{# taobao.items.onsale.get tells of items, not of their variants; variants are known from the lines that sold them. #}
select
    'taobao' as platform,
    version.account_id,
    account.store_id,
    version.record_key as product_id,
    {{ null_as('text') }} as sku_id,
    version.record.title as product_name,
    version.record.cid as category_path,
    {{ money('version.record.price') }} as list_price,
    account.currency,
    version.record.approve_status = 'onsale' as is_on_sale,
    {{ money('version.record.num') }} as stock,
    {{ local_time('version.record.list_time', "'Asia/Shanghai'") }} as listed_at,
    {{ local_time('version.record.modified', "'Asia/Shanghai'") }} as modified_at,
    version.cursor_at as valid_from_at,
    version.valid_until_at,
    version.load_id
from {{ ref('base_taobao__products') }} as version
left join {{ source('raw_daybook', 'accounts') }} as account
    on version.account_id = account.account_id
